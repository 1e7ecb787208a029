package main

import "time"

// The tables of phoenix.js. A table's last entry holds for all further tries.
var (
	reconnectTable = [...]time.Duration{
		10 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 150 * time.Millisecond, 200 * time.Millisecond,
		250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
	}
	rejoinTable = [...]time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second}
)

const (
	joinTimeout       = 10 * time.Second
	heartbeatInterval = 30 * time.Second
)

// reconnectAfter is the wait before the try with that number, from 1, since the connection was last open.
func reconnectAfter(try int) time.Duration { return after(reconnectTable[:], try) }

// rejoinAfter is the wait before the try with that number, from 1, since the channel was last joined or the connection last opened.
func rejoinAfter(try int) time.Duration { return after(rejoinTable[:], try) }

func after(table []time.Duration, try int) time.Duration {
	return table[min(max(try, 1), len(table))-1]
}
