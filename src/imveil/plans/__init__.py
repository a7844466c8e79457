"""Plans and transforms: what maps pictures to cipher images, as data. Imports no other room."""
