package transport

import "slices"

// lpTurn lets one thing at a time be done with a session: Open, Receive, Drain, Closed. Those that wait are served in
// order and hold no lock meanwhile. Its session's mu guards it.
type lpTurn struct {
	busy  bool
	queue []*lpTicket
}

// lpTicket waits for its turn.
type lpTicket struct {
	// grant is called once, with the session's mu held, when it is this ticket's turn, or never will be: then refused is set.
	grant   func()
	refused bool
}

// take reports whether it is t's turn at once. If not, t is queued.
func (u *lpTurn) take(t *lpTicket) bool {
	if u.busy {
		u.queue = append(u.queue, t)
		return false
	}
	u.busy = true
	return true
}

// pass ends the turn: the next has it.
func (u *lpTurn) pass() {
	if len(u.queue) == 0 {
		u.busy, u.queue = false, nil
		return
	}
	next := u.queue[0]
	u.queue = slices.Delete(u.queue, 0, 1)
	next.grant()
}

// giveUp takes t out of the queue, and returns false if it is not there any more.
func (u *lpTurn) giveUp(t *lpTicket) bool {
	i := slices.Index(u.queue, t)
	if i < 0 {
		return false
	}
	u.queue = slices.Delete(u.queue, i, i+1)
	return true
}

// refuse empties the queue. The turn that is being taken goes on.
func (u *lpTurn) refuse() {
	for _, t := range u.queue {
		t.refused = true
		t.grant()
	}
	u.queue = nil
}
