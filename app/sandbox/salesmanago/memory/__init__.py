"""What SALESmanago remembers and how it behaves. No HTTP."""
