"""Everything that writes: one named, atomic, keyword-only function for each thing that can happen."""
