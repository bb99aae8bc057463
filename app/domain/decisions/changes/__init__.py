"""What is still to be told, to SALESmanago and to the shop: differences between the facts and what each side was told."""
