"""Where faces lie in an image: `alignment` of shapes, tilt and turn of the head (`pose`)."""
