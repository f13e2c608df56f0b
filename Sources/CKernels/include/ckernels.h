#pragma once

/// Cores in this process's affinity mask; where there is none, the cores that are online. At least 1.
int ck_affinity_count(void);
