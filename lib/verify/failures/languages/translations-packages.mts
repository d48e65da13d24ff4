/**
 * Messages of pacman and dnf, and in four languages of apt and dpkg, in the form of `translations.mts`. Read from the
 * message catalogues of pacman 7, dnf5, apt 3.1 and dpkg 1.23 (2026-11).
 */

/** German. */
export const germanPackages = `
failed to prepare transaction = Vorgang konnte nicht vorbereitet werden
failed to commit transaction = Der Vorgang konnte nicht durchgeführt werden
could not satisfy dependencies = Kann Abhängigkeiten nicht erfüllen
conflicting dependencies = In Konflikt stehende Abhängigkeiten
unresolvable package conflicts detected = Nicht auflösbare Paketkonflikte gefunden
conflicting files = In Konflikt stehende Dateien
unable to lock database = Kann Datenbank nicht sperren
invalid or corrupted package (PGP signature) = Ungültiges oder beschädigtes Paket (PGP-Signatur)
not enough free disk space = Nicht genug freier Festplattenspeicher
failed to retrieve some files = Konnte einige Dateien nicht übertragen
you cannot perform this operation unless you are root = Sie benötigen Root-Rechte, um diese Operation auszuführen
target not found: {1} = Ziel nicht gefunden: {1}
{1} exists in filesystem = {1} existiert im Dateisystem
cannot install the best update candidate for package {1} = \
Installation des besten Aktualisierungskandidaten nicht möglich für das Paket {1}
conflicting requests = widersprüchliche Anforderungen
problem with installed package = Problem mit installiertem Paket
No match for argument: {1} = Keine Übereinstimmung für Argument: {1}
removing {1} breaks dependency '{2}' required by {3} = Entfernen von {1} verletzt Abhängigkeit '{2}', benötigt von {3}
but none of the providers can be installed = aber keiner der Anbieter kann installiert werden
nothing provides {1} needed by {2} = nichts stellt {1} bereit, dieses wird von {2} aus
cannot install both {1} from {2} and {3} from {4} = {1} kann aus {2} und {3} aus {4} nicht zusammen installiert werden
`;

/** French. */
export const frenchPackages = `
failed to prepare transaction = la préparation de la transaction a échoué
failed to commit transaction = la validation de la transaction a échoué
could not satisfy dependencies = la satisfaction des dépendances a échoué
conflicting dependencies = conflit de dépendances
unresolvable package conflicts detected = un conflit de paquets impossible à résoudre a été détecté
conflicting files = conflit de fichiers
unable to lock database = verrouillage de la base de données impossible
invalid or corrupted package (PGP signature) = paquet non valide ou corrompu (signature PGP)
not enough free disk space = pas assez d'espace libre
failed to retrieve some files = erreur lors de la récupération de certains fichiers
you cannot perform this operation unless you are root = \
vous ne pouvez effectuer cette opération qu'en mode administrateur
target not found: {1} = impossible de trouver la cible : {1}
{1} exists in filesystem = {1} est déjà présent dans le système de fichiers
cannot install the best update candidate for package {1} = \
impossible d'installer le meilleur candidat de mise à jour pour le paquet {1}
conflicting requests = requêtes conflictuelles
problem with installed package = problème avec le paquet installé
No match for argument: {1} = Aucune correspondance pour l'argument : {1}
{1} and {2} are in conflict = {1} et {2} sont en conflit
removing {1} breaks dependency '{2}' required by {3} = la suppression de {1} casse la dépendance '{2}' requise par {3}
conflicts with file from package = entre en conflit avec le fichier du paquet
but none of the providers can be installed = mais aucun des fournisseurs ne peut être installé
nothing provides {1} needed by {2} = aucun fournisseur pour {1}, nécessaire pour {2}
cannot install both {1} from {2} and {3} from {4} = impossible d'installer à la fois {1} de {2}, et {3} de {4}
`;

/** Spanish. */
export const spanishPackages = `
failed to prepare transaction = no se pudo preparar la operación
failed to commit transaction = no se pudo realizar la operación
could not satisfy dependencies = no se pudieron satisfacer las dependencias
conflicting dependencies = dependencias en conflicto
unresolvable package conflicts detected = se han detectado paquetes con conflictos sin resolver
conflicting files = archivos en conflicto
unable to lock database = no se pudo bloquear la base de datos
invalid or corrupted package (PGP signature) = paquete no válido o dañado (firma PGP)
not enough free disk space = no hay suficiente espacio en el disco
failed to retrieve some files = no se pudieron recibir algunos archivos
you cannot perform this operation unless you are root = no puede realizar esta operación, a menos que sea superusuario
target not found: {1} = no se ha encontrado el paquete: {1}
{1} exists in filesystem = {1} existe en el sistema de archivos
cannot install the best update candidate for package {1} = \
no se puede instalar el mejor candidato de actualización para el paquete {1}
conflicting requests = peticiones conflictivas
problem with installed package = problema con el paquete instalado
No match for argument: {1} = No coincide para argumento: {1}
{1} and {2} are in conflict = {1} y {2} están en conflicto
removing {1} breaks dependency '{2}' required by {3} = \
quitando {1} se rompe la dependencia con '{2}', necesaria para el paquete {3}
conflicts with file from package = entra en conflicto con el archivo del paquete
but none of the providers can be installed = pero ninguno de los proveedores puede ser instalado
nothing provides {1} needed by {2} = nada proporciona {1} necesario por {2}
cannot install both {1} from {2} and {3} from {4} = no se puede instalar ambos {1} desde {2} y {3} desde {4}
`;

/** Chinese. */
export const chinesePackages = `
failed to prepare transaction = 无法准备事务处理
failed to commit transaction = 无法提交处理
could not satisfy dependencies = 无法满足依赖关系
conflicting dependencies = 有冲突的依赖关系
unresolvable package conflicts detected = 检测到未解决的软件包冲突
conflicting files = 有冲突的文件
unable to lock database = 无法锁定数据库
invalid or corrupted package (PGP signature) = 无效或已损坏的软件包 (PGP 签名)
not enough free disk space = 剩余空间不够
failed to retrieve some files = 无法获取某些文件
you cannot perform this operation unless you are root = 非 root (根用户) 无法执行指定操作
target not found: {1} = 未找到目标：{1}
{1} exists in filesystem = 文件系统中已存在 {1}
{1} and {2} are in conflict = {1} 与 {2} 有冲突
removing {1} breaks dependency '{2}' required by {3} = 删除 {1} 破坏依赖 '{2}' （{3} 需要）
`;

/** Portuguese. */
export const portuguesePackages = `
failed to prepare transaction = falha ao preparar a transação
failed to commit transaction = falha ao efetuar a transação
could not satisfy dependencies = não foi possível satisfazer as dependências
conflicting dependencies = dependências conflitantes
unresolvable package conflicts detected = conflito de pacotes não solucionável detectado
conflicting files = arquivos conflitantes
unable to lock database = não foi possível travar a base de dados
invalid or corrupted package (PGP signature) = pacote inválido ou corrompido (assinatura PGP)
not enough free disk space = não há espaço livre suficiente em disco
failed to retrieve some files = falha ao obter alguns arquivos
you cannot perform this operation unless you are root = você não pode realizar esta operação a menos que seja root
target not found: {1} = alvo não encontrado: {1}
{1} exists in filesystem = {1} existe no sistema de arquivos
cannot install the best update candidate for package {1} = \
não é possível instalar o melhor candidato à atualização para o pacote {1}
conflicting requests = solicitações conflitantes
problem with installed package = problema com o pacote instalado
No match for argument: {1} = Nenhuma correspondência para o argumento: {1}
{1} and {2} are in conflict = {1} e {2} estão em conflito
removing {1} breaks dependency '{2}' required by {3} = a remoção de {1} quebra a dependência '{2}' necessária por {3}
but none of the providers can be installed = mas nenhum dos provedores pode ser instalado
nothing provides {1} needed by {2} = nada fornece {1} necessário por {2}
Could not get lock {1} = Não foi possível obter a trava {1}
The repository '{1}' is not signed = O repositório '{1}' não está assinado
The repository '{1}' does not have a Release file = O repositório '{1}' não tem um arquivo Release
Version '{1}' for '{2}' was not found = Versão '{1}' para '{2}' não foi encontrada
Failed to fetch {1} {2} = Falhou ao obter {1} {2}
Hash Sum mismatch = Hash Sum incorreto
but it is not installable = mas não é instalável
but {1} is to be installed = mas {1} está para ser instalado
Temporary failure resolving '{1}' = Falha temporária resolvendo '{1}'
Could not resolve '{1}' = Não foi possível resolver '{1}'
Unable to locate package {1} = Não é possível encontrar o pacote {1}
Package '{1}' has no installation candidate = O pacote '{1}' não tem candidato para instalação
you have held broken packages = você tem pacotes retidos quebrados
Depends: = Depende:
error processing package {1} (--{2}): = erro processando pacote {1} (--{2}):
dependency problems prevent configuration of {1}: = problemas de dependência impedem a configuração de {1}:
`;

/** Italian. */
export const italianPackages = `
failed to prepare transaction = impossibile eseguire l'operazione richiesta
could not satisfy dependencies = impossibile soddisfare le dipendenze
conflicting dependencies = dipendenze in conflitto
unresolvable package conflicts detected = sono stati rilevati dei conflitti irrisolvibili tra i pacchetti
conflicting files = file in conflitto
unable to lock database = impossibile bloccare il database
invalid or corrupted package (PGP signature) = il pacchetto non è valido oppure è corrotto (firma PGP)
not enough free disk space = lo spazio libero sul disco non è sufficiente
failed to retrieve some files = impossibile scaricare alcuni file
you cannot perform this operation unless you are root = questa operazione è possibile solo da root
target not found: {1} = il seguente pacchetto non è stato trovato: {1}
{1} exists in filesystem = {1} è già presente nel filesystem
cannot install the best update candidate for package {1} = \
impossibile installare il miglior candidato all'aggiornamento per il pacchetto {1}
conflicting requests = richieste in conflitto
problem with installed package = problema con il pacchetto installato
No match for argument: {1} = Nessuna corrispondenza per l'argomento: {1}
{1} and {2} are in conflict = {1} e {2} vanno in conflitto
removing {1} breaks dependency '{2}' required by {3} = \
la rimozione di {1} interrompe la dipendenza '{2}' richiesta da {3}
but none of the providers can be installed = ma nessuno dei fornitori può essere installato
nothing provides {1} needed by {2} = nessun pacchetto fornisce {1} richiesto da {2}
Could not get lock {1} = Impossibile impostare il blocco {1}
The repository '{1}' is not signed = Il repository '{1}' non è firmato
The repository '{1}' does not have a Release file = Il repository '{1}' non ha un file Release
Version '{1}' for '{2}' was not found = Version '{1}' per '{2}' non trovato
Failed to fetch {1} {2} = Impossibile recuperare {1} {2}
Hash Sum mismatch = Somma hash non corrispondente
but it is not installable = ma non è installabile
but {1} is to be installed = ma la versione {1} sta per essere installata
Temporary failure resolving '{1}' = Risoluzione di '{1}' temporaneamente non riuscita
Could not resolve '{1}' = Impossibile risolvere '{1}'
Unable to locate package {1} = Pacchetto "{1}" non trovato
you have held broken packages = ci sono pacchetti danneggiati bloccati
Depends: = Dipende:
error processing package {1} (--{2}): = errore nell'elaborare il pacchetto {1} (--{2}):
dependency problems prevent configuration of {1}: = problemi con le dipendenze impediscono la configurazione di {1}:
`;

/** Russian. */
export const russianPackages = `
failed to prepare transaction = не удалось подготовить транзакцию
failed to commit transaction = не удалось завершить транзакцию
could not satisfy dependencies = не удалось удовлетворить зависимости
conflicting dependencies = конфликтующие зависимости
unresolvable package conflicts detected = обнаружен неразрешимый конфликт пакетов
conflicting files = конфликтующие файлы
unable to lock database = не удалось заблокировать базу данных
invalid or corrupted package (PGP signature) = неверный или поврежденный пакет(PGP-подпись)
not enough free disk space = недостаточно места на диске
failed to retrieve some files = не удалось получить некоторые файлы
you cannot perform this operation unless you are root = для выполнения этой операции требуются права root
target not found: {1} = не найдена цель: {1}
{1} exists in filesystem = {1} существует в файловой системе
cannot install the best update candidate for package {1} = \
Не удается установить лучшего кандидата на обновление для пакета {1}
conflicting requests = конфликтующие запросы
problem with installed package = проблема с установленным пакетом
No match for argument: {1} = Нет соответствия для аргумента: {1}
but none of the providers can be installed = но ни один из поставщиков не может быть установлен
nothing provides {1} needed by {2} = ничто не предоставляет {1}, необходимый для {2}
cannot install both {1} from {2} and {3} from {4} = нельзя установить как {1} из {2}, так и {3} из {4}
Could not get lock {1} = Не удалось получить блокировку файла {1}
The repository '{1}' is not signed = Репозиторий '{1}' не подписан
The repository '{1}' does not have a Release file = Репозиторий '{1}' не содержит файла Release
Version '{1}' for '{2}' was not found = Версия '{1}' для '{2}' не найдена
Hash Sum mismatch = Хеш-сумма не совпадает
but it is not installable = но он не может быть установлен
but {1} is to be installed = но {1} должен быть установлен
Temporary failure resolving '{1}' = Временная ошибка при разрешении '{1}'
Could not resolve '{1}' = Не удалось разрешить '{1}'
you have held broken packages = у вас зафиксированы сломанные пакеты
Depends: = Зависит:
error processing package {1} (--{2}): = ошибка при обработке пакета {1} (--{2}):
dependency problems prevent configuration of {1}: = зависимости пакетов не позволяют настроить пакет {1}:
`;

/** Japanese. */
export const japanesePackages = `
failed to prepare transaction = 処理の準備に失敗しました
failed to commit transaction = 処理を完了できませんでした
could not satisfy dependencies = 依存関係を解決できませんでした
conflicting dependencies = 衝突する依存関係
unresolvable package conflicts detected = 解決できないパッケージの衝突が検出されました
conflicting files = 衝突しているファイル
unable to lock database = データベースをロックできません
invalid or corrupted package (PGP signature) = 無効または破損したパッケージ (PGP 鍵)
not enough free disk space = 空き容量が足りません
failed to retrieve some files = 複数のファイルの取得に失敗しました
you cannot perform this operation unless you are root = root 権限がないとこの操作は実行できません
target not found: {1} = 対象が見つかりませんでした: {1}
{1} exists in filesystem = {1} がファイルシステムに存在しています
No match for argument: {1} = 引数に一致するものはありません: {1}
Could not get lock {1} = ロック {1} が取得できませんでした
The repository '{1}' is not signed = リポジトリ {1} は署名されていません
The repository '{1}' does not have a Release file = リポジトリ {1} には Release ファイルがありません
Version '{1}' for '{2}' was not found = '{2}' のバージョン '{1}' が見つかりませんでした
Failed to fetch {1} {2} = {1} の取得に失敗しました {2}
Hash Sum mismatch = ハッシュサムが適合しません
but it is not installable = しかし、インストールすることができません
but {1} is to be installed = しかし、{1} はインストールされようとしています
Temporary failure resolving '{1}' = '{1}' が一時的に解決できません
Could not resolve '{1}' = '{1}' を解決できませんでした
you have held broken packages = 壊れた変更禁止パッケージがあります
Depends: = 依存:
error processing package {1} (--{2}): = パッケージ {1} の処理中にエラーが発生しました (--{2}):
dependency problems prevent configuration of {1}: = 依存関係の問題により {1} の設定ができません:
`;
