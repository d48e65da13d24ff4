/**
 * Messages of programs in Korean and in Chinese as in Taiwan, with the English ones: the same form as in
 * translations.mts. From the programs' own catalogues (glibc 2.42, Bash 5.3, APT 3.1, dpkg 1.23), read 2026-11.
 */

/** Korean. */
export const korean = `
Could not get lock {1} = {1} 잠금 파일을 얻을 수 없습니다
Version '{1}' for '{2}' was not found = {2} 패키지의 '{1}' 버전을 찾을 수 없습니다
Failed to fetch {1} {2} = {1} 파일을 받는데 실패했습니다 {2}
Hash Sum mismatch = 해시 합이 맞지 않습니다
but it is not installable = 하지만 설치할 수 없습니다
but {1} is to be installed = 하지만 {1} 패키지를 설치할 것입니다
but it is not going to be installed = 하지만 {1} 패키지를 설치하지 않을 것입니다
Temporary failure resolving '{1}' = '{1}'의 주소를 알아내는데 임시로 실패했습니다
Could not resolve '{1}' = '{1}'의 주소를 알아낼 수 없습니다
Unable to locate package {1} = {1} 패키지를 찾을 수 없습니다
Package '{1}' has no installation candidate = '{1}' 패키지는 설치할 수 있는 후보가 없습니다
Unable to correct problems, you have held broken packages = 문제를 바로잡을 수 없습니다. 망가진 고정 패키지가 있습니다
Depends: = 의존:
Permission denied = 허가 거부
No such file or directory = 그런 파일이나 디렉터리가 없습니다
Operation not permitted = 명령을 허용하지 않음
Input/output error = 입력/출력 오류
No such device = 그런 장치가 없음
Device or resource busy = 장치나 자원이 동작 중
Cannot allocate memory = 메모리를 할당할 수 없습니다
No space left on device = 장치에 남은 공간이 없음
Connection refused = 연결이 거부됨
Connection reset by peer = 상대편이 연결을 끊음
Connection timed out = 연결 시간 초과
No route to host = 호스트로 갈 루트가 없음
Address already in use = 주소가 이미 사용 중입니다
Invalid argument = 부적절한 인수
Read-only file system = 읽기전용 파일 시스템
Exec format error = Exec 형식 오류
Operation not supported = 명령을 지원하지 않음
Too many open files = 열린 파일이 너무 많음
Temporary failure in name resolution = name resolution에서 일시적인 실패
Name or service not known = 이름 혹은 서비스를 알 수 없습니다
Network is unreachable = 네트워크가 접근 불가능합니다
command not found = 명령을 찾을 수 없음
cannot open shared object file = 동적 오브젝트 파일을 열 수 없습니다
error while loading shared libraries = 동적 라이브러리를 읽어들이는데 오류가 발생했습니다
Disk quota exceeded = 디스크 할당량이 초과됨
Stale file handle = 끊어진 파일 핸들
Text file busy = 실행 파일 사용 중
Key was rejected by service = 서비스가 키를 거부했습니다
Required key not available = 필요한 키가 없습니다
`;

/** Chinese with traditional characters. */
export const traditionalChinese = `
Could not get lock {1} = 無法將 {1} 鎖定
Version '{1}' for '{2}' was not found = 找不到 '{1}' 版的 '{2}'
Failed to fetch {1} {2} = 無法取得 {1}，{2}
Hash Sum mismatch = Hash Sum 不符
but it is not installable = 但它卻無法安裝
but {1} is to be installed = 但 {1} 卻將被安裝
but it is not going to be installed = 但它卻將不會被安裝
Temporary failure resolving '{1}' = 暫時無法解析 '{1}'
Could not resolve '{1}' = 無法解析 '{1}'
Unable to locate package {1} = 找不到套件 {1}
Package '{1}' has no installation candidate = 套件 {1} 沒有可安裝的候選版本
Unable to correct problems, you have held broken packages = 無法修正問題，您保留 (hold) 了損毀的套件
Depends: = 相依關係:
dependency problems prevent configuration of {1}: = 因相依問題，無法設定 {1}：
Permission denied = 拒絕不符權限的操作
No such file or directory = 沒有此一檔案或目錄
Operation not permitted = 此項操作並不被允許
Input/output error = 輸入/輸出錯誤
No such device = 沒有此一裝置
Device or resource busy = 裝置或系統資源忙碌中
Cannot allocate memory = 無法配置記憶體
No space left on device = 裝置上已無多餘空間
Connection refused = 連線被拒絕
Connection reset by peer = 連線被對方重設
Connection timed out = 連線超過時間
No route to host = 找不到通往該主機的路由路徑
Address already in use = 位址已經有在使用
Invalid argument = 不適用的引數
Read-only file system = 唯讀的檔案系統
Exec format error = 可執行檔格式錯誤
Operation not supported = 此項操作並不被支援
Too many open files = 開啟太多檔案
Temporary failure in name resolution = 解析名稱時發生暫時性錯誤
Name or service not known = 名稱或服務未知
Network is unreachable = 無法接觸網路
cannot open shared object file = 無法開啟共用物件
error while loading shared libraries = 載入共用函式庫時發生錯誤
Disk quota exceeded = 磁碟配額已滿
Stale file handle = 過舊的檔案控柄
Text file busy = 文字檔忙碌中
Key was rejected by service = 鍵值被服務所拒絕
Required key not available = 必要鍵值無法使用
`;
