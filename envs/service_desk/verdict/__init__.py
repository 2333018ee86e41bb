"""What of a dialogue decides success: what was told, agreed to, claimed, kept private, and founded on a look."""
