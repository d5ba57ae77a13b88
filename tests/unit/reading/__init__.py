"""Tests of processor/reading."""
