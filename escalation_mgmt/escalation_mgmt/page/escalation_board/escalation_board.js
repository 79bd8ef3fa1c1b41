// The board of open escalations. What it does is in public/js/desk/board.js: browsers keep this file for long.
frappe.pages["escalation-board"].on_page_load = (wrapper) => {
	wrapper.escalation_board = new escalation_mgmt.Board(wrapper);
};
frappe.pages["escalation-board"].on_page_show = (wrapper) => wrapper.escalation_board?.start();
frappe.pages["escalation-board"].on_page_hide = (wrapper) => wrapper.escalation_board?.stop();
