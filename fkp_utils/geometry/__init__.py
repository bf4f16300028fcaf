"""How heads lie, told from given points: position, size and tilt (`alignment`), and the turn of the head (`pose`)."""
