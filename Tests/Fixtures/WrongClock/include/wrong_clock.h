// Nothing is called by name here: what is in this library takes the place of libc's functions.
