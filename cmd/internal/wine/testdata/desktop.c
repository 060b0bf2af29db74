/* Opens the desktop, says so, and keeps it. Wine ends it with the last program
 * that has a window, and the next one waits some 10 seconds for a new one. */

#include <windows.h>

int WINAPI WinMain(HINSTANCE self, HINSTANCE none, LPSTR line, int show)
{
	DWORD written;
	GetDesktopWindow();
	WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), "\n", 1, &written, NULL);
	Sleep(INFINITE);
	return 0;
}
