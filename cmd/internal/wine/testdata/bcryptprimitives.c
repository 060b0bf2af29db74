/* What Wine 8 lacks and every program of Go asks for: random bytes. For tests
 * only; Windows has its own. */

#include <stdbool.h>
#include <windows.h>

/* RtlGenRandom, by the name that it has in advapi32.dll. */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
	while (length > 0) {
		ULONG some = length > 0x10000000 ? 0x10000000 : (ULONG)length;
		if (!SystemFunction036(data, some))
			return false;
		data += some;
		length -= some;
	}
	return true;
}
