package main

import (
	"fmt"
	"time"
)

// storm is how many broadcasts of 16 KB there are: more than a client's send buffer and its queue hold together.
const storm = 100

// faults is the part where clients behave badly. What must hold: the others are served meanwhile, those who went are found out, and memory comes back.
func (m *measurement) faults() error {
	if !m.o.faults {
		return nil
	}
	few := min(1_000, m.o.n/10)
	for _, part := range []func(few int) error{m.drip, m.stopReading, m.vanish} {
		if err := part(few); err != nil {
			return err
		}
	}
	return m.memory()
}

// drip has 10,000 clients send a heartbeat byte by byte.
func (m *measurement) drip(int) error {
	n, began := min(10_000, m.o.n), time.Now()
	m.crowd.Heartbeats(0)
	if err := m.crowd.Drip(0, n, time.Minute); err != nil {
		return err
	}
	m.row(fmt.Sprintf("a heartbeat each of %d clients, byte by byte: all answered after", n), "%v", time.Since(began).Round(time.Millisecond))
	m.crowd.Heartbeats(m.o.period)
	return m.whole("after a message byte by byte")
}

// stopReading has some members of a topic read no more during a storm of broadcasts. All others have heartbeats every 5 seconds, which are to be answered.
func (m *measurement) stopReading(few int) error {
	m.crowd.Heartbeats(5 * time.Second)
	m.crowd.StopReading(few)
	was, began := m.crowd.Counts(), time.Now()
	if err := m.crowd.Storm(storm, 2*time.Minute); err != nil {
		return err
	}
	took := time.Since(began)
	beats := m.crowd.Heartbeats(m.o.period)
	c := m.crowd.Counts()
	m.row(fmt.Sprintf("%d broadcasts of 16 KB while %d members read no more: until all others had all", storm, few), "%v, %d deliveries", took.Round(time.Millisecond), c.Broadcasts-was.Broadcasts)
	m.row("heartbeats of the others meanwhile: p50, p99, slowest", "%v, %v, %v", beats.Percentile(50), beats.Percentile(99), beats.Max())
	left, err := m.awaitConnections(m.o.n-few, 15*time.Second)
	if err != nil {
		return err
	}
	m.row("the server has let them go after", "%v", left.Round(100*time.Millisecond))
	if c := m.crowd.Counts(); c.Lost+c.Wrong+c.Closed != 0 {
		return fmt.Errorf("others were harmed by a storm: %+v, codes %v", c, m.crowd.Codes())
	}
	m.crowd.Vanish(0)
	return nil
}

// vanish has some clients go without a word.
func (m *measurement) vanish(few int) error {
	m.crowd.Vanish(few)
	left, err := m.awaitConnections(m.crowd.Counts().Joined, 90*time.Second)
	if err != nil {
		return err
	}
	m.row(fmt.Sprintf("%d clients go without a word: the server has let them go after", few), "%v", left.Round(100*time.Millisecond))
	if c := m.crowd.Counts(); c.Lost+c.Wrong+c.Closed != 0 {
		return fmt.Errorf("others were harmed by clients that vanished: %+v, codes %v", c, m.crowd.Codes())
	}
	return nil
}

// awaitConnections waits until the server has n connections, and returns how long that took.
func (m *measurement) awaitConnections(n int, d time.Duration) (time.Duration, error) {
	var got int
	for began := time.Now(); ; {
		if err := m.server.ask("/debug/connections", &got); err != nil {
			return 0, err
		}
		if got == n {
			return time.Since(began), nil
		}
		if time.Since(began) > d {
			return 0, fmt.Errorf("the server has %d connections after %v, want %d", got, d, n)
		}
		if _, err := m.crowd.Run(100*time.Millisecond, nil); err != nil {
			return 0, err
		}
	}
}
