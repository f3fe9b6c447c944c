"""Pages of settings: the account, the company's members, and its keys. Signing up and in is django-allauth's."""
