package pubsubtest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
)

// A Cluster connects nodes in memory. Its methods may be called at any time, from any goroutine; what they set holds for nodes that come
// later too, since it goes by their names.
type Cluster struct {
	mu     sync.Mutex // guards the fields below, and those of the adapters
	nodes  map[string]*adapter
	sides  map[string]int
	cut    map[link]bool
	delays map[link]time.Duration
	drop   func(e pubsub.Envelope, to string) bool
}

// link is a direction between two nodes. In delays an empty name stands for every node.
type link struct{ from, to string }

// NewCluster makes a cluster that has no nodes yet and loses nothing.
func NewCluster() *Cluster {
	return &Cluster{nodes: make(map[string]*adapter), cut: make(map[link]bool), delays: make(map[link]time.Duration)}
}

// Adapter returns an adapter for one node, which is part of the cluster while Run runs, under the name given to it.
func (c *Cluster) Adapter() pubsub.Adapter { return &adapter{cluster: c} }

// Nodes returns the names of the nodes that run, sorted.
func (c *Cluster) Nodes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.nodes))
}

// Partition divides the cluster into sides that do not reach each other, in place of an earlier partition. Nodes that are not named are a side of their own. Messages
// that are under way between two sides are lost.
func (c *Cluster) Partition(sides ...[]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sides = make(map[string]int)
	for i, side := range sides {
		for _, node := range side {
			c.sides[node] = i + 1
		}
	}
	c.loseLocked()
}

// Cut closes the link from one node to another; the other direction stays open. Messages that are under way on it are lost.
func (c *Cluster) Cut(from, to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut[link{from, to}] = true
	c.loseLocked()
}

// Heal opens every link that Partition and Cut have closed. What was lost stays lost.
func (c *Cluster) Heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sides = nil
	clear(c.cut)
}

// Delay has messages from one node to another arrive d after they were published, from now on; an empty name is every node, and the setting that
// names more counts. Zero is no delay. What is under way keeps its time, and nothing overtakes it.
func (c *Cluster) Delay(from, to string, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delays[link{from, to}] = d
}

// Drop has lose asked for each message and receiver that a link is open for, when it is published; true loses it. Nil loses nothing. lose is called on the
// publisher's goroutine, maybe on several at once, and may call the Cluster.
func (c *Cluster) Drop(lose func(e pubsub.Envelope, to string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop = lose
}

func (c *Cluster) openLocked(from, to string) bool {
	return c.sides[from] == c.sides[to] && !c.cut[link{from, to}]
}

// loseLocked takes back what is under way on closed links.
func (c *Cluster) loseLocked() {
	for _, a := range c.nodes {
		a.inbox = slices.DeleteFunc(a.inbox, func(p parcel) bool { return !c.openLocked(p.envelope.From, a.node) })
		maps.DeleteFunc(a.last, func(from string, _ time.Time) bool { return !c.openLocked(from, a.node) })
	}
}

func (c *Cluster) delayLocked(from, to string) time.Duration {
	for _, l := range []link{{from, to}, {from, ""}, {"", to}} {
		if d, ok := c.delays[l]; ok {
			return d
		}
	}
	return c.delays[link{}]
}

// adapter is one node.
type adapter struct {
	cluster *Cluster
	node    string               // empty while it does not run
	inbox   []parcel             // by due, those of one sender in the order published
	last    map[string]time.Time // due time of each sender's last message
	wake    chan struct{}
}

// parcel is a message under way.
type parcel struct {
	envelope pubsub.Envelope
	due      time.Time
}

// Run implements pubsub.Adapter.
func (a *adapter) Run(ctx context.Context, node string, deliver func(pubsub.Envelope)) error {
	wake := make(chan struct{}, 1) // here, so that it belongs to the bubble that the node runs in
	if err := a.join(node, wake); err != nil {
		return err
	}
	defer a.leave()
	supervise.Ready(ctx)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		e, ok, wait := a.next()
		if ok {
			deliver(e)
			continue
		}
		timer.Stop()
		if wait > 0 {
			timer.Reset(wait)
		}
		select {
		case <-wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return nil
}

func (a *adapter) join(node string, wake chan struct{}) error {
	c := a.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case node == "":
		return fmt.Errorf("pubsubtest: a node needs a name")
	case a.node != "":
		return fmt.Errorf("pubsubtest: the adapter of node %q runs already; make one for each node", a.node)
	case c.nodes[node] != nil:
		return fmt.Errorf("pubsubtest: there is a node %q already", node)
	}
	a.node, a.last, a.wake = node, make(map[string]time.Time), wake
	c.nodes[node] = a
	return nil
}

func (a *adapter) leave() {
	c := a.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.nodes, a.node)
	a.node, a.inbox, a.last, a.wake = "", nil, nil, nil
}

// next returns the message that is due, or how long it will be until one is; zero is no time.
func (a *adapter) next() (e pubsub.Envelope, ok bool, wait time.Duration) {
	a.cluster.mu.Lock()
	defer a.cluster.mu.Unlock()
	if len(a.inbox) == 0 {
		return e, false, 0
	}
	p := a.inbox[0]
	if wait := time.Until(p.due); wait > 0 {
		return e, false, wait
	}
	a.inbox[0] = parcel{}
	a.inbox = a.inbox[1:]
	return p.envelope, true, 0
}

// Publish implements pubsub.Adapter.
func (a *adapter) Publish(e pubsub.Envelope) error {
	c := a.cluster
	c.mu.Lock()
	e.From = a.node
	drop := c.drop
	var to []string
	if a.node != "" {
		for _, node := range slices.Sorted(maps.Keys(c.nodes)) {
			if node != a.node && (e.To == "" || e.To == node) && c.openLocked(a.node, node) {
				to = append(to, node)
			}
		}
	}
	c.mu.Unlock()
	for _, node := range to {
		if drop == nil || !drop(e, node) {
			c.send(e, node)
		}
	}
	return nil
}

// send puts e under way, unless one of the two has gone, or the link, while it was judged.
func (c *Cluster) send(e pubsub.Envelope, to string) {
	e.Payload = bytes.Clone(e.Payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.nodes[to]
	if a == nil || !c.openLocked(e.From, to) {
		return
	}
	due := time.Now().Add(c.delayLocked(e.From, to))
	if last := a.last[e.From]; due.Before(last) { // the link keeps its order
		due = last
	}
	a.last[e.From] = due
	at := len(a.inbox)
	for at > 0 && a.inbox[at-1].due.After(due) {
		at--
	}
	a.inbox = slices.Insert(a.inbox, at, parcel{e, due})
	select {
	case a.wake <- struct{}{}:
	default:
	}
}
