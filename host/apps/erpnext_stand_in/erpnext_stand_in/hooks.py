"""Stand-in for ERPNext: its Issue, for plans that watch another DocType than HD Ticket."""

app_name = "erpnext_stand_in"
app_title = "ERPNext (stand-in)"
app_publisher = "Embedded host"
app_description = "ERPNext's Issue"
app_email = "host@example.com"
app_license = "MIT"

after_install = "erpnext_stand_in.install.after_install"
