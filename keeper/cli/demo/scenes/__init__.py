"""What the demo can play: each scene is an async function from a stage to its story."""
