"""What holds of each kind of event. Every answer is one exhaustive `match`, so a new kind is a type error until it has one."""
