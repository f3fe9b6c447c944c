"""Where Django looks for pages of the admin."""

from workers.review_desk.admin import DeskAdmin as DeskAdmin
from workers.system.admin import SystemAdmin as SystemAdmin
