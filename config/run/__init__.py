"""The supervisor behind `make run`: starts everything in one terminal, restarts what dies, ends it in order."""
