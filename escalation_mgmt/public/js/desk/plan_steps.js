// What a new step of a plan begins with: whom the step above it goes to, its wait, and the next method that is more urgent.
import { acts_alone, same_target, WHICH } from "./step_target";

const PAUSE = 300; // seconds

// `proposed`: methods from the least urgent to the most (preflight/proposals.py).
export function begin_step(steps, step, proposed) {
	if (step.method || !proposed?.length) return;
	const above = steps[step.idx - 2];
	const to = [above, ...steps.slice(0, step.idx - 1).reverse()].find((each) => each?.whom && each.whom !== "Endpoint" && !acts_alone(each));
	step.wait = above ? above.wait || PAUSE : 0;
	step.whom = to?.whom || "Assignee";
	for (const field of Object.values(WHICH)) step[field] = to?.whom && WHICH[to.whom] === field ? to[field] : "";
	step.method = next_method(steps.filter((each) => each !== step && each.method && same_target(each, step)), proposed);
}

const next_method = (theirs, proposed) => {
	const strongest = Math.max(-1, ...theirs.map(({ method }) => proposed.indexOf(method)));
	return proposed[Math.min(strongest + 1, proposed.length - 1)];
};
