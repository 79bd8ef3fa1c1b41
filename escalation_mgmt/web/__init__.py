"""Pages: the one behind an acknowledgement link, and the technician's."""
