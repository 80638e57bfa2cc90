"""Small operations recognised as one."""
