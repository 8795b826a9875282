"""Ten bad minutes, seeded: everything goes wrong at once, and afterwards the books must balance."""
