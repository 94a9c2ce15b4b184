"""How far the explanations of a run can be trusted: measurements of the methods."""
