/* A tfa-admin that does what the package asks of it, writes down what that was,
 * and refuses what C:\refused names. */

#include <stdio.h>
#include <string.h>
#include <windows.h>

static const char plain[] = "C:\\windows\\system32\\userinit.exe,";
static const char gate[] = "C:\\windows\\system32\\cmd.exe /c \"\"C:\\Program Files\\TFA\\logon.cmd\"\",";
static const char before[] = "SOFTWARE\\TFA\\Before";

static void set(const char *key, const char *value)
{
	RegSetKeyValueA(HKEY_LOCAL_MACHINE, key, "Userinit", REG_SZ, value, (DWORD)strlen(value) + 1);
}

static const char winlogon[] = "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon";

int main(int argc, char **argv)
{
	char act[100] = "", refused[100] = "";
	FILE *file;

	for (int i = 1; i < argc && strlen(act) + strlen(argv[i]) < sizeof act - 2; i++) {
		if (i > 1)
			strcat(act, " ");
		strcat(act, argv[i]);
	}
	file = fopen("C:\\acts", "a");
	if (file == NULL)
		return 2;
	fprintf(file, "%s\n", act);
	fclose(file);
	file = fopen("C:\\refused", "r");
	if (file != NULL) {
		fgets(refused, sizeof refused, file);
		fclose(file);
	}
	if (strcmp(act, refused) == 0)
		return 1;
	if (strcmp(act, "gate install") == 0) {
		set(before, plain);
		set(winlogon, gate);
	}
	if (strcmp(act, "gate remove") == 0) {
		set(winlogon, plain);
		RegDeleteKeyA(HKEY_LOCAL_MACHINE, before);
	}
	if (strcmp(act, "check") == 0) {
		printf("2 holes\n");
		return 1;
	}
	return 0;
}
