"""How drops come in other than by upload: found by the watcher, fetched from customers' servers, held by schedules."""
