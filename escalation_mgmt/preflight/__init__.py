"""Before anything runs: what is wrong with a plan, what it would do, what would make it fail, where that is put right."""
