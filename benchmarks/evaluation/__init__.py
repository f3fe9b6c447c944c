"""`make eval`: how well a model does the product's steps, told by cases whose right outcome is known."""
