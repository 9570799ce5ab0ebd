"""Pages for people: server-rendered, translated, usable without JavaScript."""
