"""What a shop's platform pushes or shows, turned into the very events a shop would post (R80-R86)."""
