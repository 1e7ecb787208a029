package supervise

import (
	"fmt"
	"strings"
	"time"

	"github.com/bennu-go/bennu/proc"
)

// Status of a child.
type Status string

// What a child may be doing.
const (
	Waiting   Status = "waiting"   // for its turn to start
	Starting  Status = "starting"  // not yet ready
	Running   Status = "running"   //
	Stopping  Status = "stopping"  // was told to
	Ended     Status = "ended"     // and not started again
	Abandoned Status = "abandoned" // did not stop when told to
)

// ChildInfo is what inspection shows of a child.
type ChildInfo struct {
	Name     string
	Kind     string // "service", "process", "supervisor", "dynamic" or "tasks"
	Status   Status
	Restart  Restart
	Restarts int           // since its supervisor's Run began
	Since    time.Time     // of the status
	Reason   error         // of its last end; nil if none, or in order
	Process  *proc.Process // of a process child that runs
}

// Counts of a supervisor's children.
type Counts struct {
	Children    int // all
	Active      int // starting, running or stopping
	Supervisors int // those that are supervisors
	Services    int // the other services
	Processes   int
}

// Children lists the children in the order of their start.
func (s *Supervisor) Children() []ChildInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]ChildInfo, 0, len(s.slots))
	for i := range s.slots {
		all = append(all, s.infoLocked(i))
	}
	return all
}

func (s *Supervisor) infoLocked(i int) ChildInfo {
	slot, child := &s.slots[i], &s.children[i]
	info := ChildInfo{Name: child.Name, Status: slot.status, Restart: child.Restart, Restarts: slot.restarts, Since: slot.since}
	if info.Status == "" {
		info.Status = Waiting
	}
	if !proc.Orderly(slot.reason) {
		info.Reason = slot.reason
	}
	var svc Service
	if slot.in != nil {
		svc, info.Process = slot.in.what()
	}
	info.Kind = child.kind(svc)
	return info
}

// what returns what it runs at this moment.
func (in *instance) what() (Service, *proc.Process) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.service, in.process
}

func (c *Child) kind(running Service) string {
	if c.Process != nil {
		return "process"
	}
	if running == nil {
		running = c.Service
	}
	if sup, ok := running.(supervisor); ok {
		return sup.kind()
	}
	return "service"
}

func (s *Supervisor) kind() string { return "supervisor" }

// Count counts the children.
func (s *Supervisor) Count() Counts {
	var n Counts
	for _, c := range s.Children() {
		n.add(c)
	}
	return n
}

func (n *Counts) add(c ChildInfo) {
	n.Children++
	switch c.Status {
	case Starting, Running, Stopping:
		n.Active++
	}
	switch c.Kind {
	case "process":
		n.Processes++
	case "service":
		n.Services++
	default:
		n.Supervisors++
	}
}

// Process returns the process that the child of this name is at the moment, or nil. After a restart it is another one: ask again, or use a proc.Registry.
func (s *Supervisor) Process(name string) *proc.Process {
	for _, c := range s.Children() {
		if c.Name == name {
			return c.Process
		}
	}
	return nil
}

// node is a line of the printed tree.
type node struct {
	text     string
	children []node
}

// Tree prints the supervisor, its children and theirs, one a line:
//
//	chat (one_for_one)
//	├── processes  service  running
//	└── rooms  dynamic  running  2 children
func (s *Supervisor) Tree() string { return draw(s.node()) }

func (s *Supervisor) node() node {
	s.mu.Lock()
	infos := make([]ChildInfo, 0, len(s.slots))
	services := make([]Service, len(s.slots))
	for i := range s.slots {
		infos = append(infos, s.infoLocked(i))
		services[i] = s.children[i].Service
		if in := s.slots[i].in; in != nil {
			services[i], _ = in.what()
		}
	}
	s.mu.Unlock()
	n := node{text: fmt.Sprintf("%s (%v)", s.cfg.Name, s.cfg.Strategy)}
	for i, info := range infos {
		n.children = append(n.children, info.node(services[i]))
	}
	return n
}

func (c ChildInfo) node(svc Service) node {
	n := node{text: fmt.Sprintf("%s  %s  %s", c.Name, c.Kind, c.Status)}
	if c.Process != nil {
		n.text += "  " + c.Process.Label()
	}
	if c.Restarts > 0 {
		n.text += fmt.Sprintf("  restarted %d times", c.Restarts)
	}
	if c.Reason != nil {
		n.text += fmt.Sprintf("  (%v)", c.Reason)
	}
	if sup, ok := svc.(supervisor); ok {
		inner := sup.node()
		n.text += "  " + inner.text
		n.children = inner.children
	}
	return n
}

func draw(root node) string {
	var b strings.Builder
	b.WriteString(root.text + "\n")
	drawChildren(&b, root.children, "")
	return b.String()
}

func drawChildren(b *strings.Builder, children []node, indent string) {
	for i, n := range children {
		branch, below := "├── ", "│   "
		if i == len(children)-1 {
			branch, below = "└── ", "    "
		}
		b.WriteString(indent + branch + n.text + "\n")
		drawChildren(b, n.children, indent+below)
	}
}
