"""Review of an advice: its badge (`binding`, `badge`), and what a reviewer does with it (`desk`)."""
