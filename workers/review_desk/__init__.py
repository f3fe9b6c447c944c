"""The review desk in the admin. It is here, above `advice`, since an edited text is checked by a step's own rules."""
