"""What Helpdesk's ticket list shows until somebody chooses other columns."""


def column(label: str, key: str, type_: str, width: str, options: str = "") -> dict[str, str]:
	found = {"label": label, "type": type_, "key": key, "width": width}
	return found | ({"options": options} if options else {})


ID = column("ID", "name", "Int", "auto")
SUBJECT = column("Subject", "subject", "Data", "25rem")
STATUS = column("Status", "status", "Select", "8rem")
RESPONSE = column("First response", "response_by", "Datetime", "8rem")
RESOLUTION = column("Resolution", "resolution_by", "Datetime", "8rem")
PRIORITY = column("Priority", "priority", "Link", "10rem", "HD Ticket Priority")
TEAM = column("Team", "agent_group", "Link", "10rem", "HD Team")
CREATED = column("Created", "creation", "Datetime", "8rem")

FOR_AGENTS = (
	ID,
	SUBJECT,
	STATUS,
	RESPONSE,
	RESOLUTION,
	column("Assigned To", "_assign", "MultipleAvatar", "8rem"),
	column("Customer", "customer", "Link", "8rem", "HD Customer"),
	PRIORITY,
	column("Type", "ticket_type", "Link", "11rem", "HD Ticket Type"),
	TEAM,
	column("Contact", "contact", "Link", "8rem", "Contact"),
	column("Rating", "feedback_rating", "Rating", "10rem"),
	CREATED,
)
FOR_CUSTOMERS = (ID, SUBJECT, STATUS, PRIORITY, RESPONSE, RESOLUTION, TEAM, CREATED)

READ = (
	"name", "subject", "status", "priority", "ticket_type", "agent_group", "contact", "agreement_status",
	"response_by", "resolution_by", "customer", "first_responded_on", "modified", "creation", "_assign",
	"resolution_date",
)  # fmt: skip
