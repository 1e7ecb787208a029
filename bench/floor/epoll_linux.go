package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"syscall"

	"github.com/bennu-go/bennu/bench/internal/ws"
)

// maxPending bounds what is kept for a client that does not read, in bytes.
const maxPending = 1 << 20

// epollServer is the kind "epoll". Run's goroutine owns everything below.
type epollServer struct {
	addr     netip.AddrPort
	listenFD int
	epollFD  int

	conns []epollConn      // by descriptor
	rooms map[string]*room // by token of the topic
	// The two below hold nothing for a connection between whole frames, so
	// that an idle one costs its entry in conns and no more.
	partial map[int32][]byte // read, and not yet a whole frame
	pending map[int32][]byte // to be written once the client reads

	in, out []byte
	peer    epollPeer // reused: one connection is served at a time
}

type epollConn struct {
	room  *room
	index int32 // in room.members
	state connState
}

type connState uint8

const (
	closed connState = iota
	upgrading
	open
)

type room struct {
	topic   string
	members []int32 // descriptors
}

func listenEpoll(addr netip.AddrPort) (*epollServer, error) {
	if !addr.Addr().Is4() {
		return nil, fmt.Errorf("floor: kind epoll listens on 127.0.0.0/8 only, not on %v", addr.Addr())
	}
	fail := func(call string, err error) (*epollServer, error) {
		return nil, fmt.Errorf("floor: listening on %v: %w", addr, os.NewSyscallError(call, err))
	}
	lfd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return fail("socket", err)
	}
	s := &epollServer{listenFD: lfd, epollFD: -1, rooms: map[string]*room{}, partial: map[int32][]byte{}, pending: map[int32][]byte{}}
	s.peer.s = s
	// Accepted sockets inherit TCP_NODELAY: one call instead of one each.
	for _, option := range [][2]int{{syscall.SOL_SOCKET, syscall.SO_REUSEADDR}, {syscall.IPPROTO_TCP, syscall.TCP_NODELAY}} {
		if err := syscall.SetsockoptInt(lfd, option[0], option[1], 1); err != nil {
			s.release()
			return fail("setsockopt", err)
		}
	}
	if err := syscall.Bind(lfd, &syscall.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}); err != nil {
		s.release()
		return fail("bind", err)
	}
	if err := syscall.Listen(lfd, 4096); err != nil {
		s.release()
		return fail("listen", err)
	}
	bound, err := syscall.Getsockname(lfd)
	if err != nil {
		s.release()
		return fail("getsockname", err)
	}
	sa := bound.(*syscall.SockaddrInet4)
	s.addr = netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	if s.epollFD, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		s.release()
		return fail("epoll_create1", err)
	}
	if err := s.watch(int32(lfd), syscall.EPOLL_CTL_ADD, syscall.EPOLLIN); err != nil {
		s.release()
		return fail("epoll_ctl", err)
	}
	s.in = make([]byte, ws.MaxPayload)
	s.out = make([]byte, 0, 4<<10)
	return s, nil
}

// Addr is where clients connect.
func (s *epollServer) Addr() netip.AddrPort { return s.addr }

// Run serves until ctx ends, which is its regular end, and closes everything.
// It is called once.
func (s *epollServer) Run(ctx context.Context) error {
	defer s.release()
	var wake [2]int
	if err := syscall.Pipe2(wake[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		return fmt.Errorf("floor: %w", os.NewSyscallError("pipe2", err))
	}
	defer syscall.Close(wake[0])
	// Whoever gets to it first closes the writing end, and closing is the wake-up.
	stop := context.AfterFunc(ctx, func() { syscall.Close(wake[1]) })
	defer func() {
		if stop() {
			syscall.Close(wake[1])
		}
	}()
	if err := s.watch(int32(wake[0]), syscall.EPOLL_CTL_ADD, syscall.EPOLLIN); err != nil {
		return fmt.Errorf("floor: %w", os.NewSyscallError("epoll_ctl", err))
	}

	events := make([]syscall.EpollEvent, 1024)
	for {
		n, err := syscall.EpollWait(s.epollFD, events, -1)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return fmt.Errorf("floor: %w", os.NewSyscallError("epoll_wait", err))
		}
		for _, event := range events[:max(n, 0)] {
			switch int(event.Fd) {
			case s.listenFD:
				if err := s.accept(); err != nil {
					return err
				}
			case wake[0]:
				return nil
			default:
				s.handle(event.Fd, event.Events)
			}
		}
	}
}

func (s *epollServer) watch(fd int32, op int, events uint32) error {
	return syscall.EpollCtl(s.epollFD, op, int(fd), &syscall.EpollEvent{Events: events, Fd: fd})
}

func (s *epollServer) accept() error {
	// Bounded, so that a storm of connects leaves room for those that are open.
	for range 64 {
		fd, errno := accept(s.listenFD)
		switch errno {
		case 0:
		case syscall.EAGAIN:
			return nil
		case syscall.ECONNABORTED:
			continue
		default:
			return fmt.Errorf("floor: %w with %d descriptors in use (see ulimit -n)", os.NewSyscallError("accept4", errno), len(s.conns))
		}
		if n := int(fd) + 1 - len(s.conns); n > 0 {
			s.conns = append(s.conns, make([]epollConn, n)...)
		}
		s.conns[fd] = epollConn{state: upgrading}
		if err := s.watch(fd, syscall.EPOLL_CTL_ADD, syscall.EPOLLIN); err != nil {
			return fmt.Errorf("floor: %w", os.NewSyscallError("epoll_ctl", err))
		}
	}
	return nil
}

// handle does what one event asks. The event may be older than the connection,
// if the descriptor was closed and reused since epoll_wait: so nothing is
// concluded from its bits, only from what read and write return.
func (s *epollServer) handle(fd int32, events uint32) {
	if int(fd) >= len(s.conns) || s.conns[fd].state == closed {
		return
	}
	if events&syscall.EPOLLOUT != 0 && !s.flush(fd) {
		return
	}
	if events&^syscall.EPOLLOUT != 0 {
		s.receive(fd)
	}
}

// release closes what is open; Run has ended or never began.
func (s *epollServer) release() {
	for fd := range s.conns {
		if s.conns[fd].state != closed {
			syscall.Close(fd)
		}
	}
	s.conns = nil
	syscall.Close(s.listenFD)
	if s.epollFD >= 0 {
		syscall.Close(s.epollFD)
	}
}
