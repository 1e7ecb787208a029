package supervise

import "time"

// childEnded deals with a child that ended by itself. It says whether the supervisor is to end, and why.
func (r *run) childEnded(in *instance) (quit bool, err error) {
	i := r.indexOf(in)
	if i < 0 {
		return false, nil // it was stopped meanwhile
	}
	r.change(i, func(s *slot) { s.in, s.status, s.reason = nil, Ended, in.reason })
	if leftBehind(in.reason) {
		return true, r.because(i, in.reason)
	}
	if !r.children[i].Restart.after(in.reason) {
		return r.autoShutdown(i), nil
	}
	return r.restart(i, in.reason)
}

func (r *run) indexOf(in *instance) int {
	for i := range r.slots {
		if r.slots[i].in == in {
			return i
		}
	}
	return -1
}

// restart starts child i again, and with it whom the strategy names. A child that cannot be started has failed once more.
func (r *run) restart(i int, reason error) (quit bool, err error) {
	for {
		child := &r.children[i]
		if !r.restarts.allow(time.Now()) {
			return true, r.report.gaveUp(child.Name, reason, r.restarts.count()-1, &r.restarts)
		}
		first, last := r.affected(i)
		for k := last; k >= first; k-- {
			if abandoned := r.stop(k); abandoned != nil {
				return true, r.because(k, abandoned)
			}
		}
		failed := -1
		for k := first; k <= last; k++ {
			if k != i && r.children[k].Restart == Temporary {
				continue
			}
			why := r.slots[k].reason
			err := r.start(k)
			if err == errStopped {
				return false, nil // supervise sees it too
			}
			if r.slots[k].abandoned != nil || leftBehind(err) {
				return true, r.because(k, err)
			}
			if err != nil {
				failed, reason = k, err
				break
			}
			r.change(k, func(s *slot) { s.restarts++ })
			r.report.restarted(r.children[k].Name, why, r.restarts.count())
		}
		if failed < 0 {
			return false, nil
		}
		i = failed
	}
}

// affected are the children that are stopped and started when child i has failed.
func (r *run) affected(i int) (first, last int) {
	switch r.cfg.Strategy {
	case OneForAll:
		return 0, len(r.slots) - 1
	case RestForOne:
		return i, len(r.slots) - 1
	default:
		return i, i
	}
}

// autoShutdown says whether the end of child i, which is not started again, ends the supervisor.
func (r *run) autoShutdown(i int) bool {
	if !r.children[i].Significant {
		return false
	}
	if r.cfg.AutoShutdown == AllSignificant {
		for k := range r.slots {
			if r.children[k].Significant && r.slots[k].in != nil {
				return false
			}
		}
	}
	return r.cfg.AutoShutdown != Never
}
