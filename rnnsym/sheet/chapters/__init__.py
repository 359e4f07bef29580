"""What a sheet on a topic that is not one cell says: a file for each, read when it is printed."""
