"""Where axes lie: Transposes, moved until they meet and vanish."""
