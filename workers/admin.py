"""Where Django looks for pages of the admin."""

from workers.system.admin import SystemAdmin as SystemAdmin
