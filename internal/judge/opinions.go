package judge

import (
	"container/list"
	"crypto/sha256"
	"sync"

	"outcrop/policy"
)

// opinions keeps what judges have said, the last used ones, by digests: it holds no texts but masked ones.
type opinions struct {
	mu    sync.Mutex
	most  int
	byKey map[[sha256.Size]byte]*list.Element
	used  *list.List // of *kept opinions, the last used first
}

type opinionEntry struct {
	key [sha256.Size]byte
	policy.Opinion
}

func newOpinions(most int) *opinions {
	return &opinions{most: most, byKey: map[[sha256.Size]byte]*list.Element{}, used: list.New()}
}

func (o *opinions) get(key [sha256.Size]byte) (policy.Opinion, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e := o.byKey[key]
	if e == nil {
		return policy.Opinion{}, false
	}
	o.used.MoveToFront(e)
	return e.Value.(*opinionEntry).Opinion, true
}

func (o *opinions) put(key [sha256.Size]byte, x policy.Opinion) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.most == 0 || o.byKey[key] != nil {
		return
	}
	o.byKey[key] = o.used.PushFront(&opinionEntry{key, x})
	if o.used.Len() > o.most {
		delete(o.byKey, o.used.Remove(o.used.Back()).(*opinionEntry).key)
	}
}
