"""What is still to be sent to SALESmanago and to the shop: differences between the facts and the state of each side."""
