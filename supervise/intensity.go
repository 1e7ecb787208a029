package supervise

import "time"

// intensity counts restarts in a sliding window.
type intensity struct {
	max    int
	within time.Duration
	at     []time.Time // of the restarts that count, oldest first; never more than max+1
}

// allow notes a restart and says whether it is still within the limit. A restart as old as the window no longer counts.
func (i *intensity) allow(now time.Time) bool {
	old := 0
	for old < len(i.at) && now.Sub(i.at[old]) >= i.within {
		old++
	}
	i.at = append(i.at[:0], i.at[old:]...)
	i.at = append(i.at, now)
	return len(i.at) <= i.max
}

// count is the number of restarts noted that counted at the last allow.
func (i *intensity) count() int { return len(i.at) }
