"""The colours of mails: one pair for each tone, readable on white and on paper."""

COLOURS = {  # text, background
    "good": ("#1c7a4a", "#e4f4ea"),
    "warn": ("#8f5a00", "#fdf1d8"),
    "bad": ("#b3261e", "#fce8e6"),
    "calm": ("#34568b", "#e6edf7"),
    "": ("#1d2126", "#ffffff"),
}
