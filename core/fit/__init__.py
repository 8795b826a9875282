"""Does it fit? What a recipe will take, before half a minute is lost finding out."""
