-- Crash rate by release over seven days, and over the seven days before
WITH last AS (SELECT max(day) AS day FROM releases_daily),
     now AS (
         SELECT t.release, count(*) AS days, sum(t.devices) AS devices, sum(t.crashed) AS crashed
         FROM releases_daily AS t
         CROSS JOIN last
         WHERE t.app = 'maps' AND t.day > last.day - INTERVAL '7 days'
         GROUP BY t.release
     ),
     before AS (
         SELECT t.release, sum(t.devices) AS devices, sum(t.crashed) AS crashed
         FROM releases_daily AS t
         CROSS JOIN last
         WHERE t.app = 'maps' AND t.day > last.day - INTERVAL '14 days' AND t.day <= last.day - INTERVAL '7 days'
         GROUP BY t.release
     )
SELECT now.release, now.days, now.devices AS device_days_estimate,
       LEAST(1.0, GREATEST(0.0, 1.0 * now.crashed) / now.devices) AS crash_rate,
       CASE WHEN before.devices > 0 THEN LEAST(1.0, GREATEST(0.0, 1.0 * before.crashed) / before.devices) END AS days_before
FROM now
LEFT JOIN before ON before.release = now.release
ORDER BY crash_rate DESC
