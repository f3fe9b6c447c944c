#!/usr/bin/env python
"""Django's command line, with Matterstream's settings."""

import os
import sys

from django.core.management import execute_from_command_line

from config.commands import told_in_a_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    with told_in_a_line():
        execute_from_command_line(sys.argv)
