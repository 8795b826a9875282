"""Files that go with messages. Imports nothing here: the child that reads files starts quickly."""
