package screen

import (
	"image"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	user32 = windows.NewLazySystemDLL("user32.dll")
	gdi32  = windows.NewLazySystemDLL("gdi32.dll")

	registerClass    = user32.NewProc("RegisterClassExW")
	createWindow     = user32.NewProc("CreateWindowExW")
	defWindowProc    = user32.NewProc("DefWindowProcW")
	getMessage       = user32.NewProc("GetMessageW")
	translateMessage = user32.NewProc("TranslateMessage")
	dispatchMessage  = user32.NewProc("DispatchMessageW")
	postMessage      = user32.NewProc("PostMessageW")
	postQuit         = user32.NewProc("PostQuitMessage")
	destroyWindow    = user32.NewProc("DestroyWindow")
	invalidate       = user32.NewProc("InvalidateRect")
	beginPaint       = user32.NewProc("BeginPaint")
	endPaint         = user32.NewProc("EndPaint")
	setForeground    = user32.NewProc("SetForegroundWindow")
	setWindowPos     = user32.NewProc("SetWindowPos")
	systemMetrics    = user32.NewProc("GetSystemMetrics")
	loadCursor       = user32.NewProc("LoadCursorW")
	drawBits         = gdi32.NewProc("SetDIBitsToDevice")
)

// Numbers of winuser.h and wingdi.h.
const (
	wmDestroy       = 0x0002
	wmPaint         = 0x000f
	wmClose         = 0x0010
	wmEraseBack     = 0x0014
	wmDisplayChange = 0x007e
	wmChar          = 0x0102
	wmEnd           = 0x8000 // WM_APP: this program wants the window gone

	styleTopmost = 0x00000008 // WS_EX_TOPMOST
	styleVisible = 0x10000000 // WS_VISIBLE
	stylePopup   = 0x80000000 // WS_POPUP: no frame

	screenWidth, screenHeight = 0, 1 // SM_CXSCREEN, SM_CYSCREEN
	arrow                     = 32512
)

type windowClass struct {
	size, style                        uint32
	proc                               uintptr
	classExtra, windowExtra            int32
	instance, icon, cursor, background windows.Handle
	menu, name                         *uint16
	iconSmall                          windows.Handle
}

type message struct {
	window         windows.HWND
	message        uint32
	wParam, lParam uintptr
	time           uint32
	x, y           int32
	private        uint32
}

type paint struct {
	dc                        windows.Handle
	erase                     int32
	left, top, right, bottom  int32
	restore, includesUpdating int32
	reserved                  [32]byte
}

type bitmapHeader struct {
	size          uint32
	width, height int32
	planes, bits  uint16
	compression   uint32
	imageSize     uint32
	xPerMeter     int32
	yPerMeter     int32
	used          uint32
	important     uint32
}

// popup is a window without a frame, drawn by GDI alone.
type popup struct {
	window windows.HWND
	events chan<- event

	mu   sync.Mutex
	bgr  []byte // what is shown
	size image.Point
}

// open covers the first screen. A window belongs to the thread that made it, so
// that thread stays with it.
func open(title string, events chan<- event) (surface, image.Point, error) {
	p := &popup{events: events, size: fullSize()}
	made := make(chan error)
	go p.live(title, made)
	if err := <-made; err != nil {
		return nil, image.Point{}, err
	}
	return p, p.size, nil
}

func fullSize() image.Point {
	width, _, _ := systemMetrics.Call(screenWidth)
	height, _, _ := systemMetrics.Call(screenHeight)
	return image.Pt(int(width), int(height))
}

// live makes the window and does what it is told, until it is gone.
func (p *popup) live(title string, made chan<- error) {
	runtime.LockOSThread()
	defer close(p.events)
	if err := p.make(title); err != nil {
		made <- err
		return
	}
	made <- nil
	for {
		var m message
		if got, _, _ := getMessage.Call(uintptr(unsafe.Pointer(&m)), 0, 0, 0); int32(got) <= 0 {
			return
		}
		translateMessage.Call(uintptr(unsafe.Pointer(&m)))
		dispatchMessage.Call(uintptr(unsafe.Pointer(&m)))
	}
}

func (p *popup) make(title string) error {
	name, err := windows.UTF16PtrFromString("TFAScreen")
	if err != nil {
		return err
	}
	text, err := windows.UTF16PtrFromString(title)
	if err != nil {
		return err
	}
	cursor, _, _ := loadCursor.Call(0, arrow)
	class := windowClass{proc: windows.NewCallback(p.told), name: name, cursor: windows.Handle(cursor)}
	class.size = uint32(unsafe.Sizeof(class))
	if atom, _, err := registerClass.Call(uintptr(unsafe.Pointer(&class))); atom == 0 {
		return err
	}
	window, _, err := createWindow.Call(styleTopmost, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(text)), stylePopup|styleVisible,
		0, 0, uintptr(p.size.X), uintptr(p.size.Y), 0, 0, 0, 0)
	if window == 0 {
		return err
	}
	p.window = windows.HWND(window)
	setForeground.Call(window)
	return nil
}

// told is called by the system with what happens to the window.
func (p *popup) told(window, what, wParam, lParam uintptr) uintptr {
	switch what {
	case wmPaint:
		p.paint(window)
		return 0
	case wmEraseBack:
		return 1
	case wmChar:
		p.tell(event{key: rune(wParam)})
		return 0
	case wmClose:
		p.tell(event{closed: true})
		return 0
	case wmDisplayChange: // a remote session that comes back at another size
		size := fullSize()
		setWindowPos.Call(window, 0, 0, 0, uintptr(size.X), uintptr(size.Y), 0)
		p.tell(event{size: size})
		return 0
	case wmEnd:
		destroyWindow.Call(window)
		return 0
	case wmDestroy:
		postQuit.Call(0)
		return 0
	}
	result, _, _ := defWindowProc.Call(window, what, wParam, lParam)
	return result
}

// tell passes an event on. The window must not wait: if nobody takes them any
// more, it has come to its end.
func (p *popup) tell(e event) {
	select {
	case p.events <- e:
	default:
	}
}

func (p *popup) paint(window uintptr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var ps paint
	dc, _, _ := beginPaint.Call(window, uintptr(unsafe.Pointer(&ps)))
	defer endPaint.Call(window, uintptr(unsafe.Pointer(&ps)))
	if len(p.bgr) == 0 {
		return
	}
	header := bitmapHeader{width: int32(p.size.X), height: -int32(p.size.Y), planes: 1, bits: 32}
	header.size = uint32(unsafe.Sizeof(header))
	drawBits.Call(dc, 0, 0, uintptr(p.size.X), uintptr(p.size.Y), 0, 0, 0, uintptr(p.size.Y),
		uintptr(unsafe.Pointer(&p.bgr[0])), uintptr(unsafe.Pointer(&header)), 0)
}

// show implements surface.
func (p *popup) show(img *image.RGBA) error {
	bgr := make([]byte, len(img.Pix))
	for i := 0; i < len(bgr); i += 4 {
		bgr[i], bgr[i+1], bgr[i+2] = img.Pix[i+2], img.Pix[i+1], img.Pix[i]
	}
	p.mu.Lock()
	p.bgr, p.size = bgr, img.Rect.Size()
	p.mu.Unlock()
	invalidate.Call(uintptr(p.window), 0, 0)
	return nil
}

func (p *popup) close() { postMessage.Call(uintptr(p.window), wmEnd, 0, 0) }
