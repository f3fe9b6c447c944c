"""The page of the admin that shows operators at a glance whether it runs, and lets them mend what they can."""
