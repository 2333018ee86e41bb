"""`service_desk`: a tool-using agent serves a persona-driven user. See docs/service_desk.md."""
