"""Commands about accounts, shops and keys: applied, shown, pasted into SALESmanago."""
